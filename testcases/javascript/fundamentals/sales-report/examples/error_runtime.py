# The text of the input is taken for the sales: a letter has no member "units".
import json
import sys

sales = sys.stdin.read()

revenue = 0
for sale in sales:
    revenue += sale["units"] * sale["cents"]
print(json.dumps({"sales": len(sales), "revenue": revenue, "best": None, "units": {}}))
