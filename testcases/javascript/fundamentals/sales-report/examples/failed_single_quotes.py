# print() writes a dictionary with single quotes and None: that is not JSON.
import json
import sys

sales = json.load(sys.stdin)

units = {}
for sale in sales:
    units[sale["product"]] = units.get(sale["product"], 0) + sale["units"]
best = min(units, key=lambda product: (-units[product], product)) if units else None
revenue = sum(sale["units"] * sale["cents"] for sale in sales)
print({"sales": len(sales), "revenue": revenue, "best": best, "units": units})
