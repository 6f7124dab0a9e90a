// expect: conversion from .*Tensor<double, ?1>.* to .*Tensor<float, ?1>
#include "inkling/core/tensor.hpp"

int main() { ink::Tensor<float, 1> narrow = ink::Tensor<double, 1>(ink::Shape{3}); }
