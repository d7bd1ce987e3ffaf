package io.llmadapter.amqp;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.springframework.amqp.support.converter.Jackson2JsonMessageConverter;

/** The converter for callers with Jackson 2. */
public final class JsonConverter {

  private JsonConverter() {}

  /**
   * Returns a converter that leaves out what is null, as input contracts want it, passes over keys that a newer contract has,
   * and keeps every digit; it is independent of how the monolith configures its own mapper.
   */
  public static AdapterMessageConverter create() {
    ObjectMapper mapper =
        new ObjectMapper()
            .setSerializationInclusion(JsonInclude.Include.NON_NULL)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
    return new AdapterMessageConverter(new Jackson2JsonMessageConverter(mapper));
  }
}
