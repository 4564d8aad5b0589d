// Simulates 1000 objects with ${name}, all with the same ${first}, and prints the first three.
#include <onnxruntime_cxx_api.h>

#include <cstdint>
#include <iostream>
#include <random>
#include <vector>

int main(int count, char **arguments) {
  const std::int64_t objects = 1000, columns = ${first_width}, random = ${noise_width}, made = ${outputs_width};
  std::vector<float> first(objects * columns, 1.0f);  // see description.json
  std::vector<float> noise(objects * random);
  std::mt19937_64 generator(1);  // use the random numbers of your framework instead
  std::normal_distribution<float> normal;
  for (float &number : noise) number = normal(generator);

  Ort::Env environment(ORT_LOGGING_LEVEL_WARNING, "${name}");
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(1);
  Ort::Session session(environment, count > 1 ? arguments[1] : "${function}.onnx", options);

  const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const std::int64_t shape_first[] = {objects, columns}, shape_noise[] = {objects, random};
  const Ort::Value inputs[] = {
      Ort::Value::CreateTensor<float>(memory, first.data(), first.size(), shape_first, 2),
      Ort::Value::CreateTensor<float>(memory, noise.data(), noise.size(), shape_noise, 2),
  };
  const char *input_names[] = {"${first}", "noise"}, *output_names[] = {"outputs", "outside"};
  auto results = session.Run(Ort::RunOptions(), input_names, inputs, 2, output_names, 2);

  const float *outputs = results[0].GetTensorMutableData<float>();
  const bool *outside = results[1].GetTensorMutableData<bool>();
  for (std::int64_t object = 0; object < 3; ++object) {
    for (std::int64_t i = 0; i < made; ++i) std::cout << outputs[object * made + i] << ' ';
    std::cout << (outside[object] ? "outside the training range" : "") << '\n';
  }
}
