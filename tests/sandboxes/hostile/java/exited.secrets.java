// beside: a secret
import java.io.*;
import java.nio.file.*;
import java.util.*;

public class Main {
    public static void main(String[] args) throws Exception {
        List<String> found = new ArrayList<>();
        for (String name : System.getenv().keySet()) if (!Set.of("PATH", "HOME", "LANG").contains(name) && !name.startsWith("_")) found.add(name);
        for (Object value : System.getProperties().values()) if (value.toString().contains("canary")) found.add("property");
        for (String path : List.of("/proc/1/environ", "/proc/1/maps", "/proc/1/mem", "/etc/shadow", "/root", "/run/docker.sock")) {
            if (Files.isReadable(Path.of(path)) && path.startsWith("/proc")) try { Files.readAllBytes(Path.of(path)); found.add(path); } catch (IOException expected) { }
            else if (!path.startsWith("/proc") && Files.exists(Path.of(path))) found.add(path);
        }
        for (String folder : List.of("/code", "/tmp", "/dev/shm"))
            for (String name : new File(folder).list())
                if (!name.startsWith("Main") && !name.startsWith("hsperfdata")) found.add(folder + "/" + name);
        System.out.println(found.isEmpty() ? "held" : found.toString());
    }
}
