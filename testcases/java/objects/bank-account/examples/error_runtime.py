# A method without "self": calling it on an account gives it one argument too many.
import sys


class Account:
    balance = 0

    def show():
        print(balance)


for line in sys.stdin:
    Account().show()
