package io.llmadapter.client;

/** Finds enum constants by names that another version may have written. */
final class Names {

  private Names() {}

  static <E extends Enum<E>> E find(E[] constants, String name, E otherwise) {
    for (E constant : constants) {
      if (constant.name().equals(name)) {
        return constant;
      }
    }
    return otherwise;
  }

  /** As find, for an enum of the wire, whose constants carry a prefix such as {@code STATE_}. */
  static <E extends Enum<E>> E find(E[] constants, Enum<?> wire, String prefix, E otherwise) {
    String name = wire.name();
    return find(constants, name.startsWith(prefix) ? name.substring(prefix.length()) : name, otherwise);
  }
}
