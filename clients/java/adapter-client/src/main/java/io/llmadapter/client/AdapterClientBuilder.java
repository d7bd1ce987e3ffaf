package io.llmadapter.client;

/** Collects the options of a client. */
public final class AdapterClientBuilder {

  AdapterClientBuilder() {}

  /** Returns the client. */
  public AdapterClient build() {
    throw new UnsupportedOperationException();
  }
}
