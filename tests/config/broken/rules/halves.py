"""A rule for conflicts."""


def halves(demands, _view):
    return [demand.quantity / 2 for demand in demands]
