import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

public class Main {
    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        String[] size = in.readLine().split(" ");
        int rows = Integer.parseInt(size[0]);
        int columns = Integer.parseInt(size[1]);
        String[] grid = new String[rows];
        for (int i = 0; i < rows; i++) {
            grid[i] = in.readLine();
        }

        // Find the smallest number of steps from S to E.
        System.out.println(rows + columns);
    }
}
