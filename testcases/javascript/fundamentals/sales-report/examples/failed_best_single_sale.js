// Looks for the largest single sale instead of the most units altogether, and forgets the days without sales.
const sales = JSON.parse(require("fs").readFileSync(0, "utf8"));

const report = { sales: sales.length, revenue: 0, best: "", units: {} };
let most = 0;
for (const { product, units, cents } of sales) {
  report.revenue += units * cents;
  report.units[product] = (report.units[product] || 0) + units;
  if (units > most) {
    most = units;
    report.best = product;
  }
}
console.log(JSON.stringify(report));
