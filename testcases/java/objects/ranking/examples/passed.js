const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");
const entries = lines.map((line) => {
  const [name, points] = line.trim().split(" ");
  return { name, points: Number(points) };
});
entries.sort((a, b) => b.points - a.points || (a.name < b.name ? -1 : 1));

let rank = 0;
const out = entries.map(({ name, points }, i) => {
  if (i === 0 || points !== entries[i - 1].points) {
    rank = i + 1;
  }
  return `${rank} ${name} ${points}`;
});
console.log(out.join("\n"));
