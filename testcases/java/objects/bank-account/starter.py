import sys


class Account:
    def __init__(self):
        self.balance = 0

    # Write deposit and withdraw here; let them refuse what must not be.


accounts = {}
for line in sys.stdin:
    command, *arguments = line.split()
    # Look at the command and carry it out.
    print("refused")
