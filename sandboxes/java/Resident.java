import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.spi.ToolProvider;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * javac that stays: answers one compilation after the other on its standard streams. See resident.py for the other end.
 *
 * <p>It lives in a box of its own, and every compilation is what a fresh javac would do there: the same arguments, the
 * sources as files in an empty {@code /code}, a compiler made for this one call. What it leaves in {@code /code} is
 * packed as job.py says and removed. What is kept from one compilation to the next is what the virtual machine knows of
 * the compiler itself; the compiler's own pool of names is not shared either.
 *
 * <p>A request is the lengths of the arguments and of the packed files, both 4 bytes, and then these; arguments are parted
 * by NUL. An answer is exit code, length of the messages, length of the packed files, and these. An exit code that javac
 * does not have says that this compilation is not for us; a program that needs it can do without the answer.
 */
public final class Resident {
    private static final Path CODE = Path.of("/code");
    private static final int NOT_FOR_US = 100;
    /** As in job.py: what does not fit there is for the plain compiler to complain of. */
    private static final int MOST_BYTES = 48 << 20, MOST_FILES = 2000, MOST_MESSAGES = 1 << 20;

    private static final ToolProvider JAVAC = ToolProvider.findFirst("javac").orElseThrow();

    private Resident() {}

    public static void main(String[] arguments) throws IOException {
        // As the javac command has it: else our own class path would be the submission's, and not its folder.
        System.setProperty("application.home", System.getProperty("java.home"));
        var in = new DataInputStream(new FileInputStream(FileDescriptor.in));
        var out = new FileOutputStream(FileDescriptor.out);
        warmUp(Integer.parseInt(arguments[0]), Arrays.copyOfRange(arguments, 1, arguments.length), in);
        while (true) {
            int words, size;
            try {
                words = in.readInt();
                size = in.readInt();
            } catch (EOFException end) {
                return; // nobody wants us any more
            }
            String[] command = new String(in.readNBytes(words), UTF_8).split("\0");
            out.write(answer(command, in.readNBytes(size)));
        }
    }

    /** Compiles itself a few times: what has run once need not be found, checked and translated when it runs again. */
    private static void warmUp(int rounds, String[] command, DataInputStream in) throws IOException {
        for (int i = 0; i < rounds && in.available() == 0; i++) {
            run(command);
            clear();
        }
    }

    private static byte[] answer(String[] command, byte[] packed) throws IOException {
        byte[] nothing = {};
        if (!unpack(packed)) {
            clear();
            return framed(NOT_FOR_US, nothing, nothing);
        }
        var result = run(command);
        byte[] made = result.code == 0 ? pack() : nothing;
        clear();
        boolean fits = made != null && result.messages.length <= MOST_MESSAGES;
        return fits ? framed(result.code, result.messages, made) : framed(NOT_FOR_US, nothing, nothing);
    }

    private static byte[] framed(int code, byte[] messages, byte[] made) {
        var frame = ByteBuffer.allocate(12 + messages.length + made.length);
        return frame.putInt(code).putInt(messages.length).putInt(made.length).put(messages).put(made).array();
    }

    private record Result(int code, byte[] messages) {}

    private static Result run(String[] command) {
        var words = new ArrayList<String>();
        for (String word : Arrays.asList(command).subList(1, command.length)) {
            if (!word.startsWith("-J")) words.add(word); // for the virtual machine, which is ours
        }
        words.add(0, "-XDuseUnsharedTable");
        var messages = new ByteArrayOutputStream();
        var writer = new PrintWriter(new OutputStreamWriter(messages, UTF_8));
        int code = JAVAC.run(writer, writer, words.toArray(new String[0]));
        writer.flush();
        return new Result(code, messages.toByteArray());
    }

    /** False if a name cannot be told apart from another once it is a string of ours. */
    private static boolean unpack(byte[] packed) throws IOException {
        int at = 4 + ByteBuffer.wrap(packed).getInt();
        byte[] header = Arrays.copyOfRange(packed, 4, at);
        String text = new String(header, UTF_8);
        if (!Arrays.equals(text.getBytes(UTF_8), header)) return false;
        for (String line : text.split("\n")) {
            if (line.isEmpty()) continue;
            String[] fields = line.split(" ", 3);
            int size = Integer.parseInt(fields[1]);
            Files.write(CODE.resolve(fields[2]), Arrays.copyOfRange(packed, at, at + size));
            at += size;
        }
        return true;
    }

    /** Everything below {@code /code}, packed; null if it is too much. */
    private static byte[] pack() throws IOException {
        List<Path> paths = new ArrayList<>();
        try (var found = Files.walk(CODE)) {
            found.filter(Files::isRegularFile).sorted().forEach(paths::add);
        }
        var header = new StringBuilder();
        var contents = new ByteArrayOutputStream();
        for (Path path : paths) {
            byte[] content = Files.readAllBytes(path);
            contents.write(content);
            header.append("644 ").append(content.length).append(' ').append(CODE.relativize(path)).append('\n');
            if (contents.size() > MOST_BYTES || paths.size() > MOST_FILES) return null;
        }
        byte[] head = header.toString().getBytes(UTF_8);
        var packed = ByteBuffer.allocate(4 + head.length + contents.size());
        return packed.putInt(head.length).put(head).put(contents.toByteArray()).array();
    }

    /** Removes everything below {@code /code}. IOException, which ends us, if something stays. */
    private static void clear() throws IOException {
        Files.walkFileTree(CODE, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes facts) throws IOException {
                Files.delete(path);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path path, IOException error) throws IOException {
                if (error != null) throw error;
                if (!path.equals(CODE)) Files.delete(path);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
