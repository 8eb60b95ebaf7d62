/* never: root: */
/* never: CODEZEST */
/* The assembler reads what it is told to: inside the box there is nothing worth it. */
__asm__(".incbin \"/proc/1/environ\"");
__asm__(".incbin \"/proc/1/mem\"");
__asm__(".incbin \"/code/canary.txt\"");
int main(void) { return 0; }
