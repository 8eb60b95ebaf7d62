import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayDeque;
import java.util.Deque;

// A stack where a queue belongs: finds a way, but seldom the shortest.
public class Main {
    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        String[] size = in.readLine().split(" ");
        int rows = Integer.parseInt(size[0]);
        int columns = Integer.parseInt(size[1]);
        String[] grid = new String[rows];
        boolean[][] seen = new boolean[rows][columns];
        Deque<int[]> places = new ArrayDeque<>();
        for (int r = 0; r < rows; r++) {
            grid[r] = in.readLine();
            if (grid[r].contains("S")) {
                places.push(new int[] {r, grid[r].indexOf("S"), 0});
            }
        }
        while (!places.isEmpty()) {
            int[] place = places.pop();
            int r = place[0];
            int c = place[1];
            if (r < 0 || r >= rows || c < 0 || c >= columns || seen[r][c] || grid[r].charAt(c) == '#') {
                continue;
            }
            if (grid[r].charAt(c) == 'E') {
                System.out.println(place[2]);
                return;
            }
            seen[r][c] = true;
            places.push(new int[] {r + 1, c, place[2] + 1});
            places.push(new int[] {r - 1, c, place[2] + 1});
            places.push(new int[] {r, c + 1, place[2] + 1});
            places.push(new int[] {r, c - 1, place[2] + 1});
        }
        System.out.println("no way");
    }
}
