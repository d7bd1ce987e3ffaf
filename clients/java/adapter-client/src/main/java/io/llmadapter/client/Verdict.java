package io.llmadapter.client;

/** What is said of an output that satisfies its contract. */
public enum Verdict {
  /** The model's reply satisfied the contract as it was. */
  ACCEPTED,
  /** It satisfied the contract after the changes listed, or after the model was asked again. */
  ACCEPTED_REPAIRED,
  /** It satisfies the contract, but a person has to look at it first. */
  NEEDS_REVIEW,
  /** Not known to this version of the client. */
  UNKNOWN;

  /** Returns the constant of a name as it stands in envelopes; UNKNOWN for null and for names of newer versions. */
  public static Verdict of(String name) {
    return Names.find(values(), name, UNKNOWN);
  }

  /** Returns whether the output can be used without a person's look. */
  public boolean isAccepted() {
    return this == ACCEPTED || this == ACCEPTED_REPAIRED;
  }
}
