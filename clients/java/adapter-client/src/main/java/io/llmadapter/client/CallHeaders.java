package io.llmadapter.client;

import io.grpc.Metadata;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/** Headers whose values are asked for before every call. */
final class CallHeaders {

  private final Map<String, Supplier<String>> suppliers = new LinkedHashMap<>();

  void add(String name, String prefix, Supplier<String> value) {
    Objects.requireNonNull(value, "value");
    Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER); // Refuses names that no header can have.
    suppliers.put(name, () -> {
      String text = value.get();
      return text == null ? null : prefix + text;
    });
  }

  CallHeaders copy() {
    CallHeaders copied = new CallHeaders();
    copied.suppliers.putAll(suppliers);
    return copied;
  }

  /** Returns the headers of one call. Throws what a supplier throws, and IllegalStateException for what no header can hold. */
  Metadata current() {
    Metadata headers = new Metadata();
    suppliers.forEach((name, supplier) -> {
      String value = supplier.get();
      if (value == null) {
        return;
      }
      if (!value.chars().allMatch(character -> character >= ' ' && character <= '~')) {
        // Not the value: it may be a key.
        throw new IllegalStateException("The value for the header " + name + " is not printable ASCII; is there a line end?");
      }
      headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
    });
    return headers;
  }
}
