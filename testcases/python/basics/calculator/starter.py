# Read one line: a number, an operator, a number.
left, operator, right = input().split()

# Turn left and right into numbers, look at the operator, and print the result.
print(left)
