package io.llmadapter.testkit;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Starts a fake adapter before the tests of a class, forgets its script before each of them, and ends it after them.
 *
 * <pre>{@code
 * @RegisterExtension static final FakeAdapterExtension adapter = new FakeAdapterExtension();
 * }</pre>
 */
public final class FakeAdapterExtension implements BeforeAllCallback, BeforeEachCallback, AfterAllCallback {

  private FakeAdapter running;

  /** Makes an extension; register it in a static field. */
  public FakeAdapterExtension() {}

  /** Returns the fake that runs. */
  public FakeAdapter fake() {
    if (running == null) {
      throw new IllegalStateException("The fake adapter runs only during the tests: register the extension in a static field.");
    }
    return running;
  }

  /** Returns the target for gRPC of the fake that runs. */
  public String target() {
    return fake().target();
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    running = FakeAdapter.start();
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    fake().reset();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    if (running != null) {
      running.close();
      running = null;
    }
  }
}
