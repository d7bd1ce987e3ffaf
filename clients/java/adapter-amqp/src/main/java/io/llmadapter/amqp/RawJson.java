package io.llmadapter.amqp;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Finds a member of a JSON object without reading it: a number that was read and written again may lose digits. */
final class RawJson {

  private final byte[] text;
  private int at;

  private RawJson(byte[] text) {
    this.text = text;
  }

  /** Returns the text of a member of an object, the first of its name; null: there is none, or the text is no object. */
  static byte[] member(byte[] object, String name) {
    return object == null ? null : new RawJson(object).find(name.getBytes(StandardCharsets.UTF_8));
  }

  private byte[] find(byte[] name) {
    if (next() != '{') {
      return null;
    }
    at++;
    while (next() == '"') {
      byte[] key = value();
      if (next() != ':') {
        return null;
      }
      at++;
      next();
      byte[] found = value();
      if (Arrays.equals(Arrays.copyOfRange(key, 1, Math.max(1, key.length - 1)), name)) {
        return found;
      }
      if (next() != ',') {
        return null;
      }
      at++;
    }
    return null;
  }

  /** Skips blanks and returns the byte that follows; -1: the end. */
  private int next() {
    while (at < text.length && text[at] <= ' ' && text[at] >= 0) {
      at++;
    }
    return at < text.length ? text[at] : -1;
  }

  /** Returns the text of the value that begins here, and goes behind it. */
  private byte[] value() {
    int begin = at;
    int depth = 0;
    while (at < text.length && (at == begin || depth > 0 || !endsHere(begin))) {
      byte one = text[at];
      if (one == '"') {
        skipString();
        continue;
      }
      depth += one == '{' || one == '[' ? 1 : one == '}' || one == ']' ? -1 : 0;
      at++;
    }
    return Arrays.copyOfRange(text, begin, at);
  }

  private boolean endsHere(int begin) {
    byte first = text[begin];
    boolean isEnclosed = first == '"' || first == '{' || first == '[';
    return isEnclosed || text[at] == ',' || text[at] == '}' || text[at] == ']' || text[at] <= ' ';
  }

  private void skipString() {
    at++;
    while (at < text.length && text[at] != '"') {
      at += text[at] == '\\' ? 2 : 1;
    }
    at = Math.min(at + 1, text.length);
  }
}
