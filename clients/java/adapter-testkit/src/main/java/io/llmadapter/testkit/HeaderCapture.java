package io.llmadapter.testkit;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/** Shows a service the headers of its calls, and refuses calls without the right API key. */
final class HeaderCapture implements ServerInterceptor {

  private static final Context.Key<Map<String, String>> HEADERS = Context.key("headers");

  private final String apiKey;

  /** With an API key that every call must carry; null: none. */
  HeaderCapture(String apiKey) {
    this.apiKey = apiKey;
  }

  static Map<String, String> current() {
    return HEADERS.get();
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata metadata, ServerCallHandler<Q, A> next) {
    Map<String, String> headers = new HashMap<>();
    for (String name : metadata.keys()) {
      if (!name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        headers.put(name, metadata.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER)));
      }
    }
    if (apiKey != null && !apiKey.equals(headers.get("x-api-key")) && !("Bearer " + apiKey).equals(headers.get("authorization"))) {
      StatusRuntimeException refused =
          FakeErrors.of("UNAUTHENTICATED", "The call has no valid credential.", "");
      call.close(refused.getStatus(), refused.getTrailers());
      return new ServerCall.Listener<Q>() {};
    }
    Context context = Context.current().withValue(HEADERS, Collections.unmodifiableMap(headers));
    return Contexts.interceptCall(context, call, metadata, next);
  }
}
