"""Where the tasks of a sweep or a batch are done: in processes of this machine, or on a Ray cluster."""
