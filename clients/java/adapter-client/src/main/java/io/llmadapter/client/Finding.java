package io.llmadapter.client;

/** Something in an output that is worth a person's look. */
public final class Finding {

  private final io.llmadapter.v1.Finding wire;

  Finding(io.llmadapter.v1.Finding wire) {
    this.wire = wire;
  }

  /** Returns the stable name of what was found, in UPPER_SNAKE. */
  public String code() {
    return wire.getCode();
  }

  /** Returns where: a JSON Pointer into the document; empty: the whole of it. */
  public String pointer() {
    return wire.getPointer();
  }

  /** Returns what was found, for developers and reviewers. */
  public String message() {
    return wire.getMessage();
  }

  /** Returns how much it weighs. */
  public Severity severity() {
    return Names.find(Severity.values(), wire.getSeverity(), "SEVERITY_", Severity.UNKNOWN);
  }

  /** Returns code and place. */
  @Override
  public String toString() {
    return code() + (pointer().isEmpty() ? "" : " at " + pointer());
  }
}
