package io.llmadapter.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RawJsonTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"a\":1.50,\"b\":2}|1.50",
        "{\"b\":{\"a\":1},\"a\":[1,{\"a\":\"]\"}]}|[1,{\"a\":\"]\"}]",
        "{ \"b\" : \"a\\\"\" ,\t \"a\" : \"x\\\\\" , \"c\":0 }|\"x\\\\\"",
        "{\"b\":[],\"a\":null}|null",
        "{\"b\":true,\"a\":{\"ü\":\"ß}\"}}|{\"ü\":\"ß}\"}",
      })
  void aMemberIsFoundAsItIsWritten(String object, String member) {
    assertEquals(member, text(RawJson.member(bytes(object), "a")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{}", "[]", "null", "{\"b\":1}", "{\"b\"", "{\"b\":", "{\"a", "{\"b\":1 \"a\":2}", "{\"b\":\"\\", "{a:1}"})
  void whatIsNotThereIsNull(String object) {
    assertNull(RawJson.member(bytes(object), "a"));
  }

  @Test
  void nothingHasNoMembers() {
    assertNull(RawJson.member(null, "a"));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return bytes == null ? "nothing" : new String(bytes, StandardCharsets.UTF_8);
  }
}
