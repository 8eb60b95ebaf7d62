# 15 is a multiple of 3: the third condition is never reached.
n = int(input())

for number in range(1, n + 1):
    if number % 3 == 0:
        print("Fizz")
    elif number % 5 == 0:
        print("Buzz")
    elif number % 15 == 0:
        print("FizzBuzz")
    else:
        print(number)
