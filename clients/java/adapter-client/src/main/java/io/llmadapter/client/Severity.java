package io.llmadapter.client;

/** How much a finding weighs. */
public enum Severity {
  /** Worth knowing; the output can be used. */
  INFO,
  /** Makes the verdict NEEDS_REVIEW. */
  REVIEW,
  /** Not known to this version of the client. */
  UNKNOWN;

  /** Returns the constant of a name as it stands in envelopes; UNKNOWN for null and for names of newer versions. */
  public static Severity of(String name) {
    return Names.find(values(), name, UNKNOWN);
  }
}
