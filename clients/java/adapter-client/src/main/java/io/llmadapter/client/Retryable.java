package io.llmadapter.client;

/** Whether sending the same request again can help. */
public enum Retryable {
  /** It cannot. */
  NO,
  /** It can, later. */
  YES,
  /** It can after somebody changed something: the task, the model, the configuration. */
  FIX,
  /** Not known to this version of the client. */
  UNKNOWN;

  /** Returns the constant of a name as it stands in failure envelopes; UNKNOWN for null and for names of newer versions. */
  public static Retryable of(String name) {
    return Names.find(values(), name, UNKNOWN);
  }
}
