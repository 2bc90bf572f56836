"""Strategies that hang, leave their process or stay in it; copied beside the configuration of a run."""

import os
import signal
import threading
import time


class Honest:
    """In the market from bar 2 on; does something at bar 10."""

    def should_enter(self, bars):
        return self.at(bars) == 2

    def should_exit(self, position, bars):
        self.at(bars)
        return False

    def at(self, bars):
        if len(bars) == 10:
            self.act()
        return len(bars)

    def act(self):
        pass


def swallow():
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            continue


def swallowing(demands, view):
    swallow()


def exiting(demands, view):
    os._exit(0)


class Swallows(Honest):
    def act(self):
        swallow()


class SwallowsAtOnce(Honest):
    def __init__(self):
        swallow()


class Sums(Honest):
    def act(self):
        sum(range(10**12))


class Finalizes(Honest):
    def act(self):
        class Endless:
            def __del__(self):
                swallow()

        Endless()


class FinalizesLate(Honest):
    acted = False

    def act(self):
        self.acted = True

    def __del__(self):
        if self.acted:
            swallow()


class TakesTheAlarm(Honest):
    def act(self):
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        while True:
            pass


class Exits(Honest):
    def act(self):
        os._exit(0)


class Executes(Honest):
    def act(self):
        signal.setitimer(signal.ITIMER_REAL, 0)  # it would end the shell, should that be slow
        os.execv("/bin/sh", ["sh", "-c", "exit 0"])


class Kills(Honest):
    def act(self):
        os.kill(os.getpid(), signal.SIGKILL)


class Forks(Honest):
    def act(self):
        os.fork()


class Interrupts(Honest):
    def act(self):
        raise KeyboardInterrupt("by hand")


class Waits(Honest):
    """Long enough to be reached by a signal, and far less than it may."""

    def act(self):
        there()
        time.sleep(0.3)


class Deaf(Honest):
    def act(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        there()
        swallow()


class Patient(Honest):
    """Goes on until it is stopped."""

    def act(self):
        there()

    def at(self, bars):
        if len(bars) > 10:
            time.sleep(0.1)
        return super().at(bars)


class LeavesAThread(Honest):
    def act(self):
        threading.Thread(target=time.sleep, args=(1000,)).start()


class Unspeakable(Honest):
    def act(self):
        raise Silent


class Silent(Exception):
    @property
    def __notes__(self):
        swallow_once()

    def __str__(self):  # noqa: PLE0307 (it hangs instead)
        swallow_once()


def swallow_once():
    end = time.monotonic() + 2
    while time.monotonic() < end:
        time.sleep(0.01)


def there():
    with open("there", "w") as file:  # noqa: PTH123 (as users write it)
        file.write(str(os.getpid()))
