# 17 / 5 gives 3.4 here, and 96 / 8 gives 12.0.
left, operator, right = input().split()
a, b = int(left), int(right)

if operator == "+":
    print(a + b)
elif operator == "-":
    print(a - b)
elif operator == "*":
    print(a * b)
elif operator in ("/", "%") and b == 0:
    print("division by zero")
elif operator == "/":
    print(a / b)
elif operator == "%":
    print(a % b)
else:
    print("unknown operator")
