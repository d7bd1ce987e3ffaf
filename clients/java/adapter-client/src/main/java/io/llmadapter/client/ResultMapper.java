package io.llmadapter.client;

/**
 * Binds a document to a class, with a library of the caller's choice. With Jackson: {@code objectMapper::readValue}. With
 * others: a method of this shape and a reference to it; Java has no lambdas of generic methods.
 */
@FunctionalInterface
public interface ResultMapper {

  /**
   * Reads JSON.
   *
   * @param json the document in UTF-8
   * @param type the class to bind it to
   * @throws Exception if it cannot be bound; the caller sees it as the cause of an {@link AdapterException}
   */
  <T> T read(byte[] json, Class<T> type) throws Exception;
}
