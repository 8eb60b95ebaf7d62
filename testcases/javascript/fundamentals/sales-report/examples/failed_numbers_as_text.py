# The numbers are put between quotes: "3" is not 3.
import json
import sys

sales = json.load(sys.stdin)

units = {}
for sale in sales:
    units[sale["product"]] = units.get(sale["product"], 0) + sale["units"]
best = sorted(units, key=lambda product: (-units[product], product))[0] if units else None
revenue = sum(sale["units"] * sale["cents"] for sale in sales)
print(json.dumps({"sales": str(len(sales)), "revenue": str(revenue), "best": best, "units": units}))
