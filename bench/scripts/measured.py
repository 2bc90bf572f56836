"""`measured.py COMMAND…` runs it and writes CPU seconds and megabytes at most to stderr's last line.

A process inherits the peak of the one that starts it; this one holds next to nothing.
"""

import os
import sys

started = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(started, 0)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
