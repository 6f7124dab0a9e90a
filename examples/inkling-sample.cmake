# Tests of inkling-sample on small weights that other programs make first: what it writes of each kind, read back where it
# can be, and what it refuses.
set(weights ${scratch}/sample)

# sample_weights(<name> <program> <arguments>...): a checkpoint for the tests below.
function(sample_weights name program)
  add_test(NAME examples.inkling_sample.weights.${name} WORKING_DIRECTORY ${scratch}
    COMMAND ${program} --quick --out ${weights} ${ARGN})
  set_tests_properties(examples.inkling_sample.weights.${name} PROPERTIES
    LABELS examples TIMEOUT 600 FIXTURES_SETUP sample_${name})
endfunction()
sample_weights(class 08_choices --schedule cosine --target velocity --condition class --sampler ddim --sampler-steps 2)
sample_weights(text 08_choices --condition text --sampler ddim --sampler-steps 2)
sample_weights(sketch 08_choices --condition sketch --sampler ddim --sampler-steps 2)
sample_weights(nothing 08_choices --condition none --sampler ddim --sampler-steps 2)
sample_weights(diffusion 05_diffusion)
sample_weights(pixels 06_autoregression)
sample_weights(average 04_blurry_average)
set(of_class ${weights}/08_cosine_velocity_class.checkpoint)
set(of_text ${weights}/08_karras_karras_text.checkpoint)
set(of_sketch ${weights}/08_karras_karras_sketch.checkpoint)
set(of_nothing ${weights}/08_karras_karras_none.checkpoint)
set(of_pixels ${weights}/06_autoregression.checkpoint)

# sample_test(<name> <weights that are needed> <what it must say> <arguments>...)
function(sample_test name needs says)
  add_test(NAME examples.inkling_sample.${name} WORKING_DIRECTORY ${scratch} COMMAND inkling-sample ${ARGN})
  set_tests_properties(examples.inkling_sample.${name} PROPERTIES LABELS examples TIMEOUT 300
    PASS_REGULAR_EXPRESSION "${says}" FIXTURES_REQUIRED "${needs}")
endfunction()

# Every kind of output, of both families.
sample_test(png sample_class "sevens.png: 3 images, 4 evaluations of the network for each"
  --weights ${of_class} --class 7 --guidance 2 --sampler dpm++2m --steps 2 --count 3 --out ${weights}/sevens.png)
sample_test(apng sample_diffusion "turn.apng: 20 images, 5 evaluations"
  --weights ${weights}/05_diffusion.checkpoint --steps 3 --sampler heun --out ${weights}/turn.apng)
sample_test(npy sample_pixels "pixels.npy: 2 images, 784 evaluations"
  --weights ${of_pixels} --count 2 --temperature 0.8 --out ${weights}/pixels.npy)
sample_test(animated_pixels sample_pixels "pixels.png: 2 images, 1568 evaluations"
  --weights ${of_pixels} --class 3,1 --guidance 3 --count 2 --animate --scale 1 --out ${weights}/pixels.png)
sample_test(noisy_frames sample_nothing "noisy.png: 2 images, 2 evaluations"
  --weights ${of_nothing} --count 2 --sampler ddim --steps 2 --animate --frames noisy --out ${weights}/noisy.png)
sample_test(caption sample_text "text.png: 2 images, 4 evaluations"
  --weights ${of_text} --caption "a thin seven" --guidance 2 --sampler ddim --steps 2 --count 2 --out ${weights}/text.png)

# Sketches: what it drew itself, light on dark, and dark on light.
sample_test(sketch sample_sketch "64 x 64 pixels, light on dark.*sketch.png: 2 images, 2 evaluations"
  --weights ${of_sketch} --sketch ${weights}/seven.png --sampler ddim --steps 2 --count 2 --out ${weights}/sketch.png)
sample_test(sketch_draw sample_class "seven.png: 1 images"
  --weights ${of_class} --class 7 --sampler ddim --steps 2 --count 1 --out ${weights}/seven.png)
set_tests_properties(examples.inkling_sample.sketch_draw PROPERTIES FIXTURES_SETUP sample_drawn)
set_tests_properties(examples.inkling_sample.sketch PROPERTIES FIXTURES_REQUIRED "sample_sketch;sample_drawn")

# What it refuses, and how it says so.
sample_test(no_weights "" "there are no weights 'main.nothing': .* there are .*judge" --weights main.nothing)
sample_test(not_a_generator "" "does not say what it is" --weights judge --out ${weights}/x.png)
sample_test(one_shot sample_average "is of a one-shot regression; only a denoiser and a pixel model"
  --weights ${weights}/04_blurry_average.checkpoint --out ${weights}/x.png)
sample_test(list "" "judge +not of a generator" --list)
sample_test(wrong_class "" "--class: Value 12 not in range" --weights ${of_class} --class 12)
sample_test(deaf_to_captions sample_class "--caption is for a model that is told caption; .* is told class"
  --weights ${of_class} --caption "a thin seven" --out ${weights}/x.png)
sample_test(unknown_word sample_text "the word is \"purple\"; the words that are known are"
  --weights ${of_text} --caption "a purple seven" --out ${weights}/x.png)
sample_test(unknown_sampler sample_class "--sampler is 'magic'; of a diffusion model it is one of: .*heun"
  --weights ${of_class} --sampler magic --out ${weights}/x.png)
sample_test(sampler_of_others sample_pixels "of an autoregressive model of pixels it is one of: ancestral"
  --weights ${of_pixels} --sampler heun --out ${weights}/x.png)
sample_test(temperature_of_others sample_class "--temperature is for models of pixels"
  --weights ${of_class} --temperature 2 --out ${weights}/x.png)
sample_test(steps_of_others sample_pixels "draws one pixel a step" --weights ${of_pixels} --steps 5 --out ${weights}/x.png)
sample_test(nothing_to_exaggerate sample_nothing "is told nothing that it could exaggerate"
  --weights ${of_nothing} --guidance 2 --out ${weights}/x.png)
sample_test(unknown_ending "" "it must end in .png, .apng or .npy" --weights ${of_class} --out ${weights}/x.jpg)
sample_test(animated_numbers "" "--animate is of .png and .apng" --weights ${of_class} --animate --out ${weights}/x.npy)
sample_test(no_folder "" "nowhere/x.png" --weights ${of_class} --out ${weights}/nowhere/x.png)
sample_test(no_sketch sample_sketch "absent.png" --weights ${of_sketch} --sketch absent.png --out ${weights}/x.png)
sample_test(not_a_sketch sample_sketch "the bytes do not begin with the signature of PNG"
  --weights ${of_sketch} --sketch examples/README.md --out ${weights}/x.png)
