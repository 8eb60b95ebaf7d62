#include "/dev/stdin"
#include "/dev/full"
