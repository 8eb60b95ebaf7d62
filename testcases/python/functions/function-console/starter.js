const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");

function add(a, b) {
  return a + b;
}

for (const line of lines) {
  const [name, ...words] = line.split(" ");
  if (name === "add") {
    console.log(String(add(Number(words[0]), Number(words[1]))));
  } else {
    console.log(`no function ${name}`);
  }
}
