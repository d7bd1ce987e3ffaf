package io.llmadapter.client;

/** One change that was made to a reply before it became the output. */
public final class Change {

  private final io.llmadapter.v1.Change wire;

  Change(io.llmadapter.v1.Change wire) {
    this.wire = wire;
  }

  /** Returns where: a JSON Pointer into the document. */
  public String pointer() {
    return wire.getPointer();
  }

  /** Returns the name of the rule that made the change. */
  public String rule() {
    return wire.getRule();
  }

  /** Returns what stood there, as JSON text; empty: nothing. */
  public String fromJson() {
    return wire.getFromJson();
  }

  /** Returns what stands there now, as JSON text; empty: nothing. */
  public String toJson() {
    return wire.getToJson();
  }

  /** Returns place and rule, without the values. */
  @Override
  public String toString() {
    return pointer() + " [" + rule() + "]";
  }
}
