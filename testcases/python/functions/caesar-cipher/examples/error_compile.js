// "letter" is declared twice in one block: SyntaxError, nothing is run.
function caesar(text, shift) {
  let result = "";
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    const letter = letter.toLowerCase();
    result += String.fromCharCode(letter.charCodeAt(0) + shift);
  }
  return result;
}
