import sys


class Refused(Exception):
    """The command may not be carried out."""


class Account:
    def __init__(self):
        self.balance = 0

    def deposit(self, amount):
        self.balance += amount

    def withdraw(self, amount):
        if amount > self.balance:
            raise Refused
        self.balance -= amount


class Bank:
    def __init__(self):
        self.accounts = {}

    def account(self, name):
        if name not in self.accounts:
            raise Refused
        return self.accounts[name]

    def open(self, name):
        if name in self.accounts:
            raise Refused
        self.accounts[name] = Account()

    def deposit(self, name, amount):
        self.account(name).deposit(int(amount))

    def withdraw(self, name, amount):
        self.account(name).withdraw(int(amount))

    def transfer(self, source, target, amount):
        source, target = self.account(source), self.account(target)
        source.withdraw(int(amount))
        target.deposit(int(amount))

    def balance(self, name):
        return self.account(name).balance


bank = Bank()
for line in sys.stdin:
    command, *arguments = line.split()
    try:
        result = getattr(bank, command)(*arguments)
        print("ok" if result is None else result)
    except Refused:
        print("refused")
