import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.util.Map;

/** Binds a document to a class with Jackson as it comes, and prints toMap() and what some methods return. */
public class Bind {
    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        Object bound = mapper.readValue(new File(arguments[1]), Class.forName(arguments[0]));
        Map<?, ?> map = (Map<?, ?>) bound.getClass().getMethod("toMap").invoke(bound);
        System.out.println(mapper.writeValueAsString(map));
        for (int index = 2; index < arguments.length; index++) {
            Object value = bound.getClass().getMethod(arguments[index]).invoke(bound);
            System.out.println(value == null ? "null" : value.getClass().getSimpleName() + " " + value);
        }
    }
}
