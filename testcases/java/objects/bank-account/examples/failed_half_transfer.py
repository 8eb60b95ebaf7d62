# A transfer takes the money first and looks for the other account afterwards: the money is gone.
import sys

balances = {}


def deposit(name, amount):
    if name not in balances:
        return False
    balances[name] += amount
    return True


def withdraw(name, amount):
    return name in balances and balances[name] >= amount and deposit(name, -amount)


for line in sys.stdin:
    command, name, *rest = line.split()
    if command == "balance":
        print(balances.get(name, "refused"))
        continue
    if command == "open":
        done = name not in balances
        balances.setdefault(name, 0)
    elif command == "deposit":
        done = deposit(name, int(rest[0]))
    elif command == "withdraw":
        done = withdraw(name, int(rest[0]))
    else:
        done = withdraw(name, int(rest[1])) and deposit(rest[0], int(rest[1]))
    print("ok" if done else "refused")
