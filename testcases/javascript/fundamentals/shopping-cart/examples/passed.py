import sys
from decimal import ROUND_DOWN, Decimal

CENT = Decimal("0.01")

total = Decimal(0)
for line in sys.stdin:
    name, quantity, price = line.split()
    cost = int(quantity) * Decimal(price)
    print(name, cost)
    total += cost
if total >= 100:
    discount = (total / 10).quantize(CENT, ROUND_DOWN)
    print("discount", discount)
    total -= discount
print("total", total)
