# The whole line is no number: int() raises ValueError.
a = int(input())
operator = input()
b = int(input())

if operator == "+":
    print(a + b)
