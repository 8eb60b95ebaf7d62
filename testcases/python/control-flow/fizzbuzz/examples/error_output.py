# The number is never equal to n + 0.5: the loop goes on and on, and prints.
n = int(input())

number = 1
while number != n + 0.5:
    if number % 15 == 0:
        print("FizzBuzz")
    elif number % 3 == 0:
        print("Fizz")
    elif number % 5 == 0:
        print("Buzz")
    else:
        print(number)
    number += 1
