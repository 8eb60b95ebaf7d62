// This module would have to be installed first: "Cannot find module".
const readline = require("readline-sync");

while (true) {
  const [name, ...words] = readline.question("> ").split(" ");
  if (name === "add") {
    console.log(Number(words[0]) + Number(words[1]));
  }
}
