package io.llmadapter.client;

import java.io.Serializable;
import java.util.Objects;

/** One broken rule of a contract. */
public final class Violation implements Serializable {

  private static final long serialVersionUID = 1L;

  private final String pointer;
  private final String rule;
  private final String message;

  private Violation(String pointer, String rule, String message) {
    this.pointer = Objects.requireNonNull(pointer, "pointer");
    this.rule = Objects.requireNonNull(rule, "rule");
    this.message = Objects.requireNonNull(message, "message");
  }

  /** Returns a violation of these parts; none may be null, each may be empty. */
  public static Violation of(String pointer, String rule, String message) {
    return new Violation(pointer, rule, message);
  }

  /** Returns where: a JSON Pointer into the record or document, or a field of the request; empty: the whole of it. */
  public String pointer() {
    return pointer;
  }

  /** Returns the name of the rule. */
  public String rule() {
    return rule;
  }

  /** Returns what the rule asks for. Never holds a value of the record. */
  public String message() {
    return message;
  }

  @Override
  public boolean equals(Object other) {
    if (!(other instanceof Violation)) {
      return false;
    }
    Violation that = (Violation) other;
    return pointer.equals(that.pointer) && rule.equals(that.rule) && message.equals(that.message);
  }

  @Override
  public int hashCode() {
    return Objects.hash(pointer, rule, message);
  }

  @Override
  public String toString() {
    return (pointer.isEmpty() ? "(whole)" : pointer) + ": " + message + " (" + rule + ")";
  }
}
