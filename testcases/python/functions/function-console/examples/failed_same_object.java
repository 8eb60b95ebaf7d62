import java.util.Scanner;

// == asks whether two strings are the same object: no name is ever recognised.
public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        while (in.hasNextLine()) {
            String[] words = in.nextLine().split(" ");
            String name = words[0];
            if (name == "add") {
                System.out.println(Long.parseLong(words[1]) + Long.parseLong(words[2]));
            } else if (name == "reverse") {
                System.out.println(new StringBuilder(words[1]).reverse());
            } else {
                System.out.println("no function " + name);
            }
        }
    }
}
