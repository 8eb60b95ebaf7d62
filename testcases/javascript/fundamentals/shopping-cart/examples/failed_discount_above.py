# The discount begins above 100.00 here; it should begin at 100.00.
import sys

total = 0
for line in sys.stdin:
    name, quantity, price = line.split()
    cost = int(quantity) * int(price.replace(".", ""))
    print(f"{name} {cost // 100}.{cost % 100:02d}")
    total += cost
if total > 10000:
    discount = total // 10
    print(f"discount {discount // 100}.{discount % 100:02d}")
    total -= discount
print(f"total {total // 100}.{total % 100:02d}")
