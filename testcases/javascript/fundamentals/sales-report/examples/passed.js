const sales = JSON.parse(require("fs").readFileSync(0, "utf8"));

const units = {};
let revenue = 0;
for (const sale of sales) {
  units[sale.product] = (units[sale.product] ?? 0) + sale.units;
  revenue += sale.units * sale.cents;
}
const ranked = Object.keys(units).sort((a, b) => units[b] - units[a] || (a < b ? -1 : 1));

console.log(JSON.stringify({ sales: sales.length, revenue, best: ranked[0] ?? null, units }));
