left, operator, right = input().split()
a, b = int(left), int(right)

if operator == "+":
    print(a + b)
elif operator == "-":
    print(a - b)
elif operator == "*":
    print(a * b)
elif operator in ("/", "%"):
    if b == 0:
        print("division by zero")
    elif operator == "/":
        print(a // b)
    else:
        print(a % b)
else:
    print("unknown operator")
