// console.log shows an object as JavaScript would write it; that is not JSON.
const sales = JSON.parse(require("fs").readFileSync(0, "utf8"));

const units = {};
for (const sale of sales) {
  units[sale.product] = (units[sale.product] || 0) + sale.units;
}
const best = Object.keys(units).sort((a, b) => units[b] - units[a] || a.localeCompare(b))[0] || null;
const revenue = sales.reduce((sum, sale) => sum + sale.units * sale.cents, 0);
console.log({ sales: sales.length, revenue, best, units });
